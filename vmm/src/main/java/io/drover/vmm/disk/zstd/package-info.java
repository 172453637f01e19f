/**
 * Reads Zstandard frames (RFC 8878), as they are in compressed clusters of disk images. In plain Java over arrays, so that
 * hostile input meets bounds checks: the libraries at hand are native or use Unsafe, and weigh more than the VMM itself.
 */
package io.drover.vmm.disk.zstd;
