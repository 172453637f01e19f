package io.drover.vmm.acpi;

import io.drover.vmm.power.AcpiPowerManagement;
import io.drover.vmm.power.GeneralEvents;
import io.drover.vmm.power.ResetRegister;
import io.drover.vmm.rtc.CmosRtc;
import java.nio.ByteBuffer;

/** The fixed ACPI description table, revision 6 (ACPI 6.5, 5.2.9): where the fixed hardware is. */
final class Fadt {
    private static final int REVISION = 6;
    private static final int LENGTH = 276;

    private static final int PROFILE_ENTERPRISE_SERVER = 4;
    private static final int EVENT_BYTES = 4;
    private static final int CONTROL_BYTES = 2;
    private static final int TIMER_BYTES = 4;
    /** More than 100 and 1000 µs: there is no C2 and no C3. */
    private static final int NO_C2_MICROS = 101;
    private static final int NO_C3_MICROS = 1001;

    /** There are ISA devices, no VGA; bit 1 clear: no keyboard controller, so that nobody probes for one. */
    private static final int BOOT_ARCHITECTURE = 1 | 1 << 2;

    private static final int WBINVD = 1;
    private static final int C1_WORKS = 1 << 2;
    private static final int NO_FIXED_SLEEP_BUTTON = 1 << 5;
    private static final int NO_FIXED_CLOCK_WAKE = 1 << 6;
    private static final int TIMER_HAS_32_BITS = 1 << 8;
    private static final int RESET_REGISTER = 1 << 10;

    private static final int ACCESS_BYTE = 1;
    private static final int ACCESS_WORD = 2;
    private static final int ACCESS_DWORD = 3;

    private Fadt() {}

    /**
     * The table.
     *
     * @param events
     *            whether there are general-purpose events
     */
    static byte[] of(int facs, int dsdt, boolean events) {
        AcpiTable table = new AcpiTable("FACP", REVISION, LENGTH);
        ByteBuffer bytes = table.bytes();
        bytes.putInt(36, facs).putInt(40, dsdt);
        bytes.put(45, (byte) PROFILE_ENTERPRISE_SERVER);
        bytes.putShort(46, (short) AcpiPowerManagement.SCI_IRQ);
        // From 48, SMI_CMD and what goes with it stay 0: always in ACPI mode.
        bytes.putInt(56, AcpiPowerManagement.EVENT_PORT).putInt(64, AcpiPowerManagement.CONTROL_PORT);
        bytes.putInt(76, AcpiPowerManagement.TIMER_PORT);
        bytes.put(88, (byte) EVENT_BYTES).put(89, (byte) CONTROL_BYTES).put(91, (byte) TIMER_BYTES);
        bytes.putShort(96, (short) NO_C2_MICROS).putShort(98, (short) NO_C3_MICROS);
        bytes.put(108, (byte) CmosRtc.CENTURY);
        bytes.putShort(109, (short) BOOT_ARCHITECTURE);
        bytes.putInt(112, WBINVD | C1_WORKS | NO_FIXED_SLEEP_BUTTON | NO_FIXED_CLOCK_WAKE | TIMER_HAS_32_BITS
                | RESET_REGISTER);
        port(bytes, 116, ResetRegister.PORT, 1, ACCESS_BYTE);
        bytes.put(128, (byte) ResetRegister.RESET_VALUE);
        bytes.putLong(140, dsdt);
        port(bytes, 148, AcpiPowerManagement.EVENT_PORT, EVENT_BYTES, ACCESS_WORD);
        port(bytes, 172, AcpiPowerManagement.CONTROL_PORT, CONTROL_BYTES, ACCESS_WORD);
        port(bytes, 208, AcpiPowerManagement.TIMER_PORT, TIMER_BYTES, ACCESS_DWORD);
        bytes.put(268, AcpiTable.ascii(AcpiTable.OEM));
        if (events) {
            bytes.putInt(80, GeneralEvents.PORT).put(92, (byte) GeneralEvents.PORTS);
            port(bytes, 220, GeneralEvents.PORT, GeneralEvents.PORTS, ACCESS_BYTE);
        }
        return table.finish();
    }

    /** A generic address in the space of ports (5.2.3.2). */
    private static void port(ByteBuffer bytes, int offset, int port, int length, int access) {
        bytes.put(offset, (byte) 1).put(offset + 1, (byte) (8 * length)).put(offset + 3, (byte) access);
        bytes.putLong(offset + 4, port);
    }
}
