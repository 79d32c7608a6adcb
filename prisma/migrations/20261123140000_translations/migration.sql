-- AlterTable
ALTER TABLE "TranscriptSegment" ADD COLUMN     "translationOf" TEXT;
