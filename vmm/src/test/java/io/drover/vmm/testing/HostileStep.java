package io.drover.vmm.testing;

import java.util.HexFormat;

/**
 * One thing that a {@link HostileGuest} does.
 *
 * @param address
 *            of the port or of memory
 * @param value
 *            what is written; for copies and strings, where in memory; for {@link Operation#ACCEPT} a mask
 * @param count
 *            of strings and copies, or how often to try; for {@link Operation#ACCEPT} the address that is written
 */
record HostileStep(Operation operation, long address, long value, long count) {
    /** With the address in RDX, the value in RAX and the count in RCX, in 64-bit mode (Intel SDM volume 2). */
    enum Operation {
        OUT_8("EE"), OUT_16("66 EF"), OUT_32("EF"),
        IN_8("EC"), IN_16("66 ED"), IN_32("ED"),
        /** REP OUTS and REP INS: from or to memory at the value. */
        OUT_STRING_8("48 89 C6 F3 6E"), OUT_STRING_32("48 89 C6 F3 6F"),
        IN_STRING_8("48 89 C7 F3 6C"), IN_STRING_32("48 89 C7 F3 6D"),
        WRITE_8("88 02"), WRITE_16("66 89 02"), WRITE_32("89 02"), WRITE_64("48 89 02"),
        READ_8("8A 02"), READ_16("66 8B 02"), READ_32("8B 02"), READ_64("48 8B 02"),
        /** XOR and XCHG with memory: a read and a write by one instruction. */
        CHANGE_8("30 02"), CHANGE_32("31 02"), EXCHANGE_32("87 02"),
        /** REP MOVS by bytes and by eight, from the value to the address. */
        COPY_8("48 89 C6 48 89 D7 F3 A4"),
        COPY_64("48 89 C6 48 89 D7 F3 48 A5"),
        /** What is read, without the bits that are not in the mask, goes to where the count says: features. */
        ACCEPT("23 02 89 01"),
        /** Until the byte at the address is zero: a reset takes its time. */
        AWAIT_ZERO("8A 02 84 C0 74 05 48 FF C9 75 F5"),
        /** Counts down. */
        DELAY("48 FF C9 75 FB"),
        /** The next step is at the value. */
        JUMP("48 89 C5"),
        /** STI: an interrupt finds no table, and that is a triple fault. */
        LET_INTERRUPTS_IN("FB 90 FA");

        private final String code;

        Operation(String code) {
            this.code = code;
        }

        byte[] code() {
            return HexFormat.ofDelimiter(" ").parseHex(code);
        }
    }

    static HostileStep of(Operation operation, long address, long value) {
        return new HostileStep(operation, address, value, 1);
    }
}
