package io.drover.vmm.bench;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.testing.Assembler;
import io.drover.vmm.testing.Assembler.Label;
import io.drover.vmm.testing.Assembler.Register;
import java.util.Locale;

/** What a guest of {@link KvmLoop} does again and again. In each it counts at {@link #COUNTER}. */
enum Loop {
    /** It writes to a port: an exit to the VMM. */
    EXIT {
        @Override
        void addTo(Assembler code) {
            Label again = code.here();
            count(code);
            // out 0x10, al
            code.bytes(0xE6, PORT).jump(again);
        }
    },
    /** It rings a doorbell, and a thread that sleeps takes what has come. */
    KICK {
        @Override
        void addTo(Assembler code) {
            Label again = code.here();
            count(code);
            ring(code).jump(again);
        }
    },
    /** It halts until it is interrupted by a message, which a thread sends when it sees that the last one was counted. */
    INTERRUPT {
        @Override
        void addTo(Assembler code) {
            Label again = new Label();
            takeInterrupts(code, again);
            // Says that an interrupt would not be lost any more.
            count(code);
            code.bind(again);
            // sti
            code.bytes(0xFB).halt().jump(again);
        }
    },
    /** It rings a doorbell and halts; a thread that sleeps takes the ring and interrupts it: a request and its answer. */
    ROUND_TRIP {
        @Override
        void addTo(Assembler code) {
            Label again = new Label();
            takeInterrupts(code, again);
            code.bind(again);
            code.disableInterrupts();
            // sti: lets nothing in before the next instruction has ended.
            ring(code).bytes(0xFB).halt().jump(again);
        }
    };

    static final int PORT = 0x10;
    static final int DOORBELL = 0xD000_0000;
    static final int COUNTER = 0x8000;
    static final int VECTOR = 0x30;
    static final int LOCAL_APIC = 0xFEE0_0000;

    private static final int STACK = 0x7000;
    private static final int SPURIOUS_VECTOR = LOCAL_APIC + 0xF0;
    private static final int APIC_ENABLED = 0x1FF;
    private static final int END_OF_INTERRUPT = LOCAL_APIC + 0xB0;
    private static final int GATE_BYTES = 8;
    /** Flat segments of code and data (Intel SDM volume 3, 3.4.5), in two halves each. */
    private static final int FLAT_LOW = 0x0000_FFFF;
    private static final int FLAT_CODE_HIGH = 0x00CF_9B00;
    private static final int FLAT_DATA_HIGH = 0x00CF_9300;
    private static final int CODE_SELECTOR = 0x10;
    /** Of a gate: present, for interrupts, 32 bits. */
    private static final int INTERRUPT_GATE = 0x8E00;

    abstract void addTo(Assembler code);

    /** What both programs call it. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The guest, for {@link CodeGuest#CODE}. */
    byte[] code() {
        Assembler code = new Assembler(CodeGuest.CODE);
        addTo(code);
        return code.assemble();
    }

    private static void count(Assembler code) {
        // inc dword [COUNTER]
        code.bytes(0xFF, 0x05).int32(COUNTER);
    }

    private static Assembler ring(Assembler code) {
        // mov [DOORBELL], eax
        return code.bytes(0xA3).int32(DOORBELL);
    }

    /**
     * Its own segments, a table with one gate, the local APIC. The handler counts and goes on without returning, as a KVM that
     * emulates has no IRET of protected mode.
     */
    private static void takeInterrupts(Assembler code, Label then) {
        Label begin = new Label();
        code.jump(begin);
        Label handler = code.here();
        count(code);
        // mov dword [END_OF_INTERRUPT], 0
        code.bytes(0xC7, 0x05).int32(END_OF_INTERRUPT).int32(0).mov(Register.ESP, STACK).jump(then);
        code.align(GATE_BYTES);
        Label segments = code.here();
        code.int32(0).int32(0).int32(0).int32(0).int32(FLAT_LOW).int32(FLAT_CODE_HIGH).int32(FLAT_LOW)
                .int32(FLAT_DATA_HIGH);
        Label gate = code.here();
        code.int32((CODE_SELECTOR << 16) | (code.address(handler) & 0xFFFF)).int32(INTERRUPT_GATE);
        Label registers = code.here();
        limitAndBase(code, CODE_SELECTOR + 2 * GATE_BYTES - 1, code.address(segments));
        limitAndBase(code, (VECTOR + 1) * GATE_BYTES - 1, code.address(gate) - VECTOR * GATE_BYTES);
        code.bind(begin);
        // lgdt [registers]; lidt [registers + 6]
        code.bytes(0x0F, 0x01, 0x15).int32(code.address(registers));
        code.bytes(0x0F, 0x01, 0x1D).int32(code.address(registers) + 6);
        code.mov(Register.ESP, STACK);
        // mov dword [SPURIOUS_VECTOR], APIC_ENABLED
        code.bytes(0xC7, 0x05).int32(SPURIOUS_VECTOR).int32(APIC_ENABLED);
    }

    private static void limitAndBase(Assembler code, int limit, int base) {
        code.bytes(limit & 0xFF, limit >> 8).int32(base);
    }
}
