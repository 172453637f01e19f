/**
 * From a kernel file to a machine that can run its first instruction: the Linux/x86 64-bit boot protocol
 * (Documentation/arch/x86/boot.rst) for a bzImage, PVH (xen/include/public/arch-x86/hvm/start_info.h) for an ELF kernel.
 */
package io.drover.vmm.boot;
