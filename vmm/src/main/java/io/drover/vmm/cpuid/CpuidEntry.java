package io.drover.vmm.cpuid;

/**
 * What the CPUID instruction answers for one leaf, or one subleaf of it.
 *
 * @param function
 *            EAX before the instruction
 * @param index
 *            ECX before it, where {@code flags} say that it matters
 * @param flags
 *            KVM_CPUID_FLAG_… (asm/kvm.h): 1 when the index matters
 */
public record CpuidEntry(int function, int index, int flags, int eax, int ebx, int ecx, int edx) {}
