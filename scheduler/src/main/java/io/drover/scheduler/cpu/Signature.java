package io.drover.scheduler.cpu;

/** Family, model and stepping out of EAX of leaf 1, as Linux counts them (Intel SDM volume 2, CPUID, figure 3-6). */
record Signature(int family, int model, int stepping) {
    private static final int EXTENDED_FAMILY = 0xF;
    private static final int FIRST_WITH_EXTENDED_MODEL = 6;

    static Signature of(int eax) {
        int base = eax >>> 8 & 0xF;
        int family = base == EXTENDED_FAMILY ? base + (eax >>> 20 & 0xFF) : base;
        int model = eax >>> 4 & 0xF;
        if (base >= FIRST_WITH_EXTENDED_MODEL) {
            model |= (eax >>> 16 & 0xF) << 4;
        }
        return new Signature(family, model, eax & 0xF);
    }

    /** The older, the less; no two that differ are the same. */
    static long order(int eax) {
        Signature signature = of(eax);
        return ((long) signature.family << 48 | (long) signature.model << 40 | (long) signature.stepping << 36)
                + (eax & 0xFFFF_FFFFL);
    }
}
