package io.drover.vmm.acpi;

import io.drover.vmm.pci.SlotRegisters;
import io.drover.vmm.power.GeneralEvents;
import java.io.ByteArrayOutputStream;
import java.util.Locale;

/**
 * PCI slots whose devices come and go (ACPI 6.5, 5.6.6 and 6.3.3): an object for each with a way to let go of it, and what the
 * guest does when it is told that something has happened. For kernels with CONFIG_HOTPLUG_PCI_ACPI, which distributions have.
 *
 * <p>
 * The other way would be PCI Express's own: a root port for each device, with a bus behind it. That has every guest look for
 * devices on all those buses when it boots, and waits five seconds before it lets go of one.
 */
final class HotPlugSlots {
    private static final int SLOTS = 32;
    /** Of a notification: look what is there. */
    private static final int DEVICE_CHECK = 1;
    /** Of a notification: let go of it. */
    private static final int EJECT_REQUEST = 3;

    private static final String INSERTED = "PINS";
    private static final String ASKED = "PASK";
    private static final String EJECT = "PEJ";
    private static final String EVENT = "PHPE";

    private HotPlugSlots() {}

    /** What belongs into the object of the bus. */
    static byte[] aml() {
        ByteArrayOutputStream aml = new ByteArrayOutputStream();
        // In the order of the registers.
        aml.writeBytes(Aml.portWords("PREG", SlotRegisters.PORT, INSERTED, ASKED, EJECT));
        ByteArrayOutputStream inserted = new ByteArrayOutputStream();
        ByteArrayOutputStream asked = new ByteArrayOutputStream();
        for (int slot = 1; slot < SLOTS; slot++) {
            String name = String.format(Locale.ROOT, "S%02X", slot);
            aml.writeBytes(Aml.device(name, Aml.name("_ADR", Aml.integer(slot << 16)),
                    Aml.name("_SUN", Aml.integer(slot)),
                    Aml.method("_EJ0", 1, Aml.store(Aml.integer(1 << slot), Aml.reference(EJECT)))));
            byte[] device = Aml.reference(name);
            inserted.writeBytes(Aml.ifAny(Aml.local(), 1 << slot, Aml.tell(device, DEVICE_CHECK)));
            asked.writeBytes(Aml.ifAny(Aml.local(), 1 << slot, Aml.tell(device, EJECT_REQUEST)));
        }
        // What has come first: a slot may have been emptied and filled again.
        aml.writeBytes(Aml.method(EVENT, 0, Aml.store(Aml.reference(ASKED), Aml.local()), asked.toByteArray(),
                Aml.store(Aml.reference(INSERTED), Aml.local()), inserted.toByteArray()));
        return aml.toByteArray();
    }

    /** The event's method, which belongs at the root. */
    static byte[] eventAml() {
        String method = String.format(Locale.ROOT, "_E%02X", GeneralEvents.HOT_PLUG);
        return Aml.scope("\\_GPE", Aml.method(method, 0, Aml.reference("\\_SB.PCI0." + EVENT)));
    }
}
