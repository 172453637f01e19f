package io.drover.vmm.seccomp;

import io.drover.vmm.linux.Errno;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Compiles rules to the classic BPF that seccomp(2) takes (linux/filter.h, linux/seccomp.h). One rule after the other: Linux
 * remembers since 5.11 which calls are allowed whatever their arguments are and does not run the filter for these, so a
 * longer program costs them nothing.
 */
final class FilterProgram {
    /** linux/bpf_common.h: BPF_LD | BPF_W | BPF_ABS, then BPF_JMP with BPF_K, then BPF_RET | BPF_K. */
    static final int LOAD = 0x20;
    static final int JUMP_EQUAL = 0x15;
    static final int JUMP_GREATER_OR_EQUAL = 0x35;
    static final int JUMP_ANY_BIT = 0x45;
    static final int RETURN = 0x06;
    /** {@code struct seccomp_data}. */
    static final int NUMBER_OFFSET = 0;
    static final int ARCHITECTURE_OFFSET = 4;
    static final int ARGUMENTS_OFFSET = 16;
    /** linux/audit.h, AUDIT_ARCH_X86_64. */
    static final int X86_64 = 0xC000003E;
    /** asm/unistd.h, __X32_SYSCALL_BIT: the same calls under other numbers. */
    static final int X32_BIT = 0x40000000;
    /** linux/seccomp.h. */
    static final int ALLOW = 0x7FFF0000;
    static final int FAIL_WITH_ERRNO = 0x00050000;
    static final int KILL_PROCESS = 0x80000000;
    /** {@code struct sock_filter}: a 16-bit code, two 8-bit jumps, a 32-bit operand. */
    static final int INSTRUCTION_BYTES = 8;
    /** linux/bpf_common.h, BPF_MAXINSNS. */
    private static final int MAX_INSTRUCTIONS = 4096;

    /** Jumps are counted from the next instruction. */
    private record Instruction(int code, int whenTrue, int whenFalse, int operand) {}

    private final List<Instruction> instructions = new ArrayList<>();

    private FilterProgram() {}

    /** The program's instructions as the kernel reads them. */
    static byte[] of(List<CallRule> rules) {
        FilterProgram program = new FilterProgram();
        program.load(ARCHITECTURE_OFFSET);
        program.add(JUMP_EQUAL, 1, 0, X86_64);
        program.result(KILL_PROCESS);
        program.load(NUMBER_OFFSET);
        program.add(JUMP_GREATER_OR_EQUAL, 0, 1, X32_BIT);
        program.result(FAIL_WITH_ERRNO | Errno.EPERM);
        rules.forEach(program::rule);
        program.result(ALLOW);
        return program.bytes();
    }

    private void rule(CallRule rule) {
        switch (rule) {
            case CallRule.Denied(long number, int errno) -> {
                add(JUMP_EQUAL, 0, 1, (int) number);
                result(FAIL_WITH_ERRNO | errno);
            }
            case CallRule.DeniedWithoutBits(long number, int argument, int bits, int errno) -> {
                add(JUMP_EQUAL, 0, 4, (int) number);
                load(ARGUMENTS_OFFSET + argument * Long.BYTES);
                add(JUMP_ANY_BIT, 1, 0, bits);
                result(FAIL_WITH_ERRNO | errno);
                result(ALLOW);
            }
            case CallRule.AllowedWith(long number, int argument, List<Integer> values, int errno) -> {
                add(JUMP_EQUAL, 0, values.size() + 3, (int) number);
                load(ARGUMENTS_OFFSET + argument * Long.BYTES);
                for (int index = 0; index < values.size(); index++) {
                    add(JUMP_EQUAL, values.size() - index, 0, values.get(index));
                }
                result(FAIL_WITH_ERRNO | errno);
                result(ALLOW);
            }
        }
    }

    private void load(int offset) {
        add(LOAD, 0, 0, offset);
    }

    private void result(int action) {
        add(RETURN, 0, 0, action);
    }

    private void add(int code, int whenTrue, int whenFalse, int operand) {
        instructions.add(new Instruction(code, whenTrue, whenFalse, operand));
    }

    private byte[] bytes() {
        if (instructions.size() > MAX_INSTRUCTIONS) {
            throw new IllegalArgumentException(
                    "filter : " + instructions.size() + " instructions (expected: at most " + MAX_INSTRUCTIONS + ")");
        }
        ByteBuffer bytes = ByteBuffer.allocate(instructions.size() * INSTRUCTION_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (Instruction instruction : instructions) {
            bytes.putShort((short) instruction.code()).put((byte) instruction.whenTrue())
                    .put((byte) instruction.whenFalse()).putInt(instruction.operand());
        }
        return bytes.array();
    }
}
