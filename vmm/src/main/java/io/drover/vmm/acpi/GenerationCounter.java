package io.drover.vmm.acpi;

import io.drover.vmm.generation.GenerationIdDevice;
import java.io.ByteArrayOutputStream;

/**
 * The generation id for the DSDT: a device whose ADDR says where the id is, and a generic event device (ACPI 6.5, 5.6.9) whose
 * interrupt becomes the notification that there is another one.
 */
final class GenerationCounter {
    /** What the document has for "the id has changed". */
    private static final int CHANGED = 0x80;

    private GenerationCounter() {}

    static byte[] aml() {
        ByteArrayOutputStream aml = new ByteArrayOutputStream();
        aml.writeBytes(Aml.device("VGEN", Aml.name("_HID", Aml.string("DRVR0001")),
                Aml.name("_CID", Aml.string("VM_Gen_Counter")), Aml.name("_DDN", Aml.string("VM_Gen_Counter")),
                Aml.name("ADDR", Aml.list(Aml.integer((int) GenerationIdDevice.ADDRESS),
                        Aml.integer((int) (GenerationIdDevice.ADDRESS >>> 32))))));
        aml.writeBytes(Aml.device("GED", Aml.name("_HID", Aml.string("ACPI0013")), Aml.name("_UID", Aml.integer(0)),
                Aml.name("_CRS", Aml.resources(Aml.edge(GenerationIdDevice.IRQ))),
                // The argument is the interrupt, of which there is one.
                Aml.method("_EVT", 1, Aml.tell(Aml.reference("VGEN"), CHANGED))));
        return aml.toByteArray();
    }
}
