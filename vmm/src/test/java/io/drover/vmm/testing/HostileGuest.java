package io.drover.vmm.testing;

import io.drover.vmm.testing.Assembler.Label;
import io.drover.vmm.testing.Assembler.Register;
import io.drover.vmm.testing.HostileStep.Operation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A guest that misuses every device it can reach, as a bzImage for {@link #MEMORY_BYTES} of memory. It follows a
 * script that a seed decides, so that what one seed did can be done again: a table of steps in its memory, which it goes through
 * over and over. Its devices write to its memory what it made them, so that what it becomes in the end nobody knows; an end by
 * its own hand, a triple fault and running on are all that may come of it.
 */
public final class HostileGuest {
    /** Image and script lie in the lower half, rings and buffers in the upper. */
    public static final long MEMORY_BYTES = 16 << 20;
    static final long DATA = 8 << 20;

    /** What it prints before anything else. */
    public static final String BANNER = "!";
    private static final int COM1 = 0x3F8;

    /** Where the boot loader's page tables lie, whose second page has an entry for each gibibyte. */
    private static final int PAGE_TABLES = 0x9000;

    private static final int PAGE = 4096;
    private static final int STEP_BYTES = 32;
    private static final int POOL_BYTES = 16 << 10;

    private final Random random;
    private final HostileScript script;

    /** What is on the machine's PCI bus. */
    public enum Device {
        BLOCK, NETWORK, ENTROPY, BALLOON
    }

    private HostileGuest(long seed, List<Device> devices) {
        random = new Random(seed);
        // From a driver that errs once in a while to one that does nothing right.
        double faults = new double[] {0.002, 0.02, 0.2}[random.nextInt(3)];
        script = new HostileScript(random, devices, faults);
    }

    /**
     * The guest of a seed.
     *
     * @param devices
     *            by PCI slot, those behind the host bridge's
     */
    public static byte[] bzImage(long seed, List<Device> devices) {
        return new HostileGuest(seed, devices).assemble();
    }

    private byte[] assemble() {
        Assembler code = new Assembler(TinyGuest.ADDRESS_64);
        Label first = new Label();
        Label next = new Label();

        code.disableInterrupts().movAddress(Register.EBP, first);
        code.bind(next);
        // RBX: what to do; RDX, RAX, RCX: with what. RBP: the next step.
        code.bytes(0x48, 0x8B, 0x5D, 0x00, 0x48, 0x8B, 0x55, 0x08, 0x48, 0x8B, 0x45, 0x10, 0x48, 0x8B, 0x4D, 0x18);
        code.bytes(0x48, 0x83, 0xC5, STEP_BYTES, 0xFF, 0xE3);
        Map<Operation, Integer> handlers = new EnumMap<>(Operation.class);
        for (Operation operation : Operation.values()) {
            handlers.put(operation, code.address(code.here()));
            code.data(operation.code()).jump(next);
        }

        code.align(PAGE);
        int highPages = code.address(code.here());
        code.data(pagesOf(HostileScript.HIGH_WINDOW));
        code.align(PAGE);
        int pool = code.address(code.here());
        byte[] bytes = new byte[POOL_BYTES];
        random.nextBytes(bytes);
        code.data(bytes);
        script.usePool(pool, POOL_BYTES);

        code.bind(first);
        append(code, handlers, List.of(
                HostileStep.of(Operation.WRITE_64, PAGE_TABLES + PAGE + 8 * (HostileScript.HIGH_WINDOW >> 30),
                        highPages | 3),
                HostileStep.of(Operation.OUT_8, COM1, BANNER.charAt(0))));
        Label begin = code.here();
        append(code, handlers, script.steps());
        append(code, handlers, List.of(HostileStep.of(Operation.JUMP, 0, code.address(begin))));
        return TinyGuest.bzImage(code.assemble());
    }

    private static void append(Assembler code, Map<Operation, Integer> handlers, List<HostileStep> steps) {
        ByteBuffer table = ByteBuffer.allocate(steps.size() * STEP_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (HostileStep step : steps) {
            table.putLong(handlers.get(step.operation())).putLong(step.address()).putLong(step.value())
                    .putLong(step.count());
        }
        code.data(table.array());
    }

    /** A page directory that maps a gibibyte to itself in 2 MiB pages, present and writable. */
    private static byte[] pagesOf(long gibibyte) {
        ByteBuffer directory = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
        for (long page = 0; page < PAGE / Long.BYTES; page++) {
            directory.putLong(gibibyte + (page << 21) | 0x83);
        }
        return directory.array();
    }
}
