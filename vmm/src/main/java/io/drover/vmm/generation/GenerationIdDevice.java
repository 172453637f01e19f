package io.drover.vmm.generation;

import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.UUID;

/**
 * The generation id in the guest's memory, and the interrupt that tells of another one. The ACPI tables say where both are. The
 * id lies in RAM that the memory map reserves, on a page of its own, as the document wants it.
 */
public final class GenerationIdDevice {
    /** In the place of a PC's firmware, behind the ACPI tables. */
    public static final long ADDRESS = 0xF_F000;
    /** An edge of it is the event; no device of a PC's has it. */
    public static final int IRQ = 5;

    private static final int BYTES = 16;

    private final GuestMemory memory;
    private final InterruptLine line;

    /**
     * Puts an id into the memory of a guest that does not run yet.
     *
     * @throws GuestAddressException
     *             when there is less than 1 MiB of memory
     */
    public GenerationIdDevice(GuestMemory memory, InterruptLine line, UUID id) throws GuestAddressException {
        this.memory = memory;
        this.line = line;
        memory.copyIn(ADDRESS, bytes(id));
    }

    private GenerationIdDevice(GuestMemory memory, InterruptLine line) {
        this.memory = memory;
        this.line = line;
    }

    /**
     * Of a guest that has had an id before, in memory that was restored. If this is another, the guest is told.
     *
     * @throws GuestAddressException
     *             when there is less than 1 MiB of memory
     */
    public static GenerationIdDevice goOn(GuestMemory memory, InterruptLine line, UUID id)
            throws GuestAddressException {
        GenerationIdDevice device = new GenerationIdDevice(memory, line);
        byte[] had = new byte[BYTES];
        memory.copyOut(ADDRESS, had);
        if (!Arrays.equals(had, bytes(id))) {
            device.change(id);
        }
        return device;
    }

    /** Another id, and the guest is told. Best while no vCPU runs: then no instruction sees the old one any more. Any thread. */
    public synchronized void change(UUID id) {
        try {
            memory.copyIn(ADDRESS, bytes(id));
        } catch (GuestAddressException e) {
            throw new IllegalStateException("the first id was put there", e);
        }
        line.set(true);
        line.set(false);
    }

    /** As a GUID lies in memory: its first three fields are little endian. QEMU puts the same id there in the same way. */
    private static byte[] bytes(UUID id) {
        long high = id.getMostSignificantBits();
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt((int) (high >>> 32)).putShort((short) (high >>> 16)).putShort((short) high);
        return bytes.order(ByteOrder.BIG_ENDIAN).putLong(id.getLeastSignificantBits()).array();
    }
}
