/**
 * A machine in one file: its memory without the pages of zeros, and its saved state.
 *
 * <pre>
 *  0      header, 4096 bytes: what there is and where, with a checksum of itself
 *  4096   memory: records of {place in memory (8), bytes (4), checksum (4), the bytes}, by ascending place; the last has no bytes
 *  …      state: SavedMachine
 * </pre>
 *
 * Numbers are little endian; checksums are CRC-32C. A file is written aside, its header last, synced and renamed, so that there
 * is a whole one under its name or none.
 */
package io.drover.vmm.snapshot;
