package io.drover.vmm.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.linux.Errno;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the programs decide, by an interpreter of the BPF that they use (Linux, Documentation/networking/filter.rst). */
final class FilterProgramTest {
    private static final int ALLOW = FilterProgram.ALLOW;
    private static final int EPERM = FilterProgram.FAIL_WITH_ERRNO | Errno.EPERM;
    private static final int ENOSYS = FilterProgram.FAIL_WITH_ERRNO | Errno.ENOSYS;

    private static final long READ = 0;
    private static final long IOCTL = 16;
    private static final long SOCKET = 41;
    private static final long CLONE = 56;
    private static final long EXECVE = 59;
    private static final long PTRACE = 101;
    private static final long MOUNT = 165;
    private static final long UNSHARE = 272;
    private static final long BPF = 321;
    private static final long CLONE3 = 435;
    /** glibc's for a thread: CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID. */
    private static final long THREAD_FLAGS = 0x3D0F00;
    private static final long CLONE_NEWUSER = 0x10000000;
    private static final long SIGCHLD = 17;

    private static int run(byte[] program, int architecture, long number, long... arguments) {
        ByteBuffer data = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(FilterProgram.NUMBER_OFFSET, (int) number).putInt(FilterProgram.ARCHITECTURE_OFFSET, architecture);
        for (int index = 0; index < arguments.length; index++) {
            data.putLong(FilterProgram.ARGUMENTS_OFFSET + index * Long.BYTES, arguments[index]);
        }
        ByteBuffer code = ByteBuffer.wrap(program).order(ByteOrder.LITTLE_ENDIAN);
        int accumulator = 0;
        int next = 0;
        while (true) {
            int at = next * FilterProgram.INSTRUCTION_BYTES;
            int operand = code.getInt(at + 4);
            next++;
            boolean holds;
            switch (code.getShort(at)) {
                case FilterProgram.LOAD -> {
                    accumulator = data.getInt(operand);
                    continue;
                }
                case FilterProgram.RETURN -> {
                    return operand;
                }
                case FilterProgram.JUMP_EQUAL -> holds = accumulator == operand;
                case FilterProgram.JUMP_GREATER_OR_EQUAL -> holds = Integer.compareUnsigned(accumulator, operand) >= 0;
                case FilterProgram.JUMP_ANY_BIT -> holds = (accumulator & operand) != 0;
                default -> throw new AssertionError("instruction " + code.getShort(at));
            }
            next += Byte.toUnsignedInt(code.get(at + (holds ? 2 : 3)));
        }
    }

    private static int decide(boolean startsPasst, long number, long... arguments) {
        return run(VmmFilter.program(startsPasst), FilterProgram.X86_64, number, arguments);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatNoVmmNeedsIsDeniedToAll(boolean startsPasst) {
        for (long call : List.of(PTRACE, BPF, 310L, 425L, 438L)) {
            assertThat(decide(startsPasst, call)).as("call %d", call).isEqualTo(EPERM);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatTheDevicesDoIsAllowed(boolean startsPasst) {
        assertThat(decide(startsPasst, READ)).isEqualTo(ALLOW);
        assertThat(decide(startsPasst, IOCTL, 3, 0xAE80)).isEqualTo(ALLOW);
        assertThat(decide(startsPasst, SOCKET, 1, 1)).isEqualTo(ALLOW);
        assertThat(decide(startsPasst, CLONE, THREAD_FLAGS)).isEqualTo(ALLOW);
    }

    @Test
    void processesNamespacesAndOtherSocketsAreForUserNetworksOnly() {
        assertThat(decide(false, CLONE, SIGCHLD)).isEqualTo(EPERM);
        assertThat(decide(false, CLONE, CLONE_NEWUSER | SIGCHLD)).isEqualTo(EPERM);
        assertThat(decide(false, CLONE3)).isEqualTo(ENOSYS);
        assertThat(decide(true, CLONE, CLONE_NEWUSER | SIGCHLD)).isEqualTo(ALLOW);
        for (long family : List.of(0L, 2L, 10L, 16L, 17L, 40L)) {
            assertThat(decide(false, SOCKET, family, 1)).as("family %d", family).isEqualTo(EPERM);
            assertThat(decide(true, SOCKET, family, 1)).isEqualTo(ALLOW);
        }
        for (long call : List.of(EXECVE, MOUNT, UNSHARE)) {
            assertThat(decide(false, call)).isEqualTo(EPERM);
            assertThat(decide(true, call)).isEqualTo(ALLOW);
        }
    }

    @Test
    void familyIsAnIntAsTheKernelTakesIt() {
        assertThat(decide(false, SOCKET, 0x1_0000_0001L)).isEqualTo(ALLOW);
        assertThat(decide(false, SOCKET, 0x1_0000_0002L)).isEqualTo(EPERM);
    }

    @Test
    void sameCallsUnderOtherNumbersAreNoWayAround() {
        assertThat(decide(false, PTRACE | FilterProgram.X32_BIT)).isEqualTo(EPERM);
        assertThat(decide(false, READ | FilterProgram.X32_BIT)).isEqualTo(EPERM);
        // AUDIT_ARCH_I386, where 26 is ptrace and 11 execve.
        assertThat(run(VmmFilter.program(false), 0x40000003, 26)).isEqualTo(FilterProgram.KILL_PROCESS);
    }

    @Test
    void eachValueOfAnArgumentIsFound() {
        byte[] program = FilterProgram.of(
                List.of(new CallRule.AllowedWith(SOCKET, 2, List.of(7, 8, 9), Errno.EPERM)));
        for (long value = 6; value <= 10; value++) {
            assertThat(run(program, FilterProgram.X86_64, SOCKET, 0, 0, value)).as("value %d", value)
                    .isEqualTo(value >= 7 && value <= 9 ? ALLOW : EPERM);
        }
        assertThat(run(program, FilterProgram.X86_64, READ, 0, 0, 6)).isEqualTo(ALLOW);
    }

    @Test
    void programThatTheKernelWouldNotTakeIsRefused() {
        List<CallRule> many = Collections.nCopies(3000, new CallRule.Denied(1, Errno.EPERM));

        assertThatThrownBy(() -> FilterProgram.of(many)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4096");
    }
}
