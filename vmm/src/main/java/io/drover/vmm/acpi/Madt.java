package io.drover.vmm.acpi;

import io.drover.vmm.power.AcpiPowerManagement;
import java.nio.ByteBuffer;

/** The multiple APIC description table (ACPI 6.5, 5.2.12): the CPUs and the IOAPIC, as KVM has them. */
final class Madt {
    private static final int REVISION = 5;
    private static final int LOCAL_APIC_ADDRESS = 0xFEE0_0000;
    private static final int IO_APIC_ADDRESS = 0xFEC0_0000;
    /** There are also two 8259. */
    private static final int PCAT_COMPATIBLE = 1;

    private static final int LOCAL_APIC_BYTES = 8;
    private static final int IO_APIC_BYTES = 12;
    private static final int OVERRIDE_BYTES = 10;
    private static final int NMI_BYTES = 6;
    private static final int ALL_PROCESSORS = 0xFF;
    private static final int ACTIVE_HIGH = 1;
    private static final int LEVEL_TRIGGERED = 3 << 2;

    private Madt() {}

    static byte[] of(int vcpus) {
        AcpiTable table = new AcpiTable("APIC", REVISION, AcpiTable.HEADER_BYTES + 8 + vcpus * LOCAL_APIC_BYTES
                + IO_APIC_BYTES + 2 * OVERRIDE_BYTES + NMI_BYTES);
        ByteBuffer bytes = table.bytes();
        bytes.putInt(LOCAL_APIC_ADDRESS).putInt(PCAT_COMPATIBLE);
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            bytes.put((byte) 0).put((byte) LOCAL_APIC_BYTES).put((byte) vcpu).put((byte) vcpu).putInt(1);
        }
        bytes.put((byte) 1).put((byte) IO_APIC_BYTES).put((byte) 0).put((byte) 0).putInt(IO_APIC_ADDRESS).putInt(0);
        // The timer comes in at pin 2, as on every PC.
        override(bytes, 0, 2, 0);
        override(bytes, AcpiPowerManagement.SCI_IRQ, AcpiPowerManagement.SCI_IRQ, ACTIVE_HIGH | LEVEL_TRIGGERED);
        bytes.put((byte) 4).put((byte) NMI_BYTES).put((byte) ALL_PROCESSORS).putShort((short) 0).put((byte) 1);
        return table.finish();
    }

    private static void override(ByteBuffer bytes, int irq, int pin, int flags) {
        bytes.put((byte) 2).put((byte) OVERRIDE_BYTES).put((byte) 0).put((byte) irq).putInt(pin)
                .putShort((short) flags);
    }
}
