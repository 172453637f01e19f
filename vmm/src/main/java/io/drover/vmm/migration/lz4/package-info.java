/**
 * Blocks of up to 64 KiB in the LZ4 block format, as its description (lz4_Block_format.md) has it: sequences of a token,
 * literals, and a match of at least 4 bytes up to 65535 bytes before. The last sequence has literals only, at least 5 of
 * them, and no match begins in the last 12 bytes.
 */
package io.drover.vmm.migration.lz4;
