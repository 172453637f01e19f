package io.drover.scheduler.cpu;

import java.util.Comparator;

/**
 * What CPUID answers for one leaf and subleaf.
 *
 * @param function EAX before the instruction
 * @param index ECX before it; 0 where it does not matter
 */
public record CpuidLeaf(int function, int index, int eax, int ebx, int ecx, int edx) {
    static final Comparator<CpuidLeaf> BY_PLACE = Comparator
            .comparing(CpuidLeaf::function, Integer::compareUnsigned)
            .thenComparing(CpuidLeaf::index, Integer::compareUnsigned);

    static CpuidLeaf silent(int function, int index) {
        return new CpuidLeaf(function, index, 0, 0, 0, 0);
    }

    boolean isAt(int otherFunction, int otherIndex) {
        return function == otherFunction && index == otherIndex;
    }

    boolean isSilent() {
        return (eax | ebx | ecx | edx) == 0;
    }

    int register(Register register) {
        return switch (register) {
            case EAX -> eax;
            case EBX -> ebx;
            case ECX -> ecx;
            case EDX -> edx;
        };
    }

    /** What an answer is in. */
    enum Register {
        EAX, EBX, ECX, EDX
    }
}
