#!/bin/sh
# Makes sample.wav from sample.txt: 16 kHz, 16-bit, mono, 0.6 s of silence between sentences, 0.3 s
# at both ends. Made with eSpeak NG 1.51 and SoX 14.4.2; other versions give another voice, and the
# file in git is what counts. `-R` and `-D` (no dither) make a repetition give the same bytes.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
while read -r sentence; do
  number=$((number + 1))
  espeak-ng -v en-us -s 190 -z -w "$work/spoken.wav" "$sentence"
  # Trim what espeak adds on both ends, so that the pauses are ours alone.
  sox -R -D "$work/spoken.wav" -r 16000 -b 16 -c 1 "$work/$number.wav" \
    silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse norm -3 pad 0.3 0.3
done < sample.txt
sox -R -D "$work"/[0-9].wav sample.wav
