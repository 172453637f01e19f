package io.drover.vmm.machine;

import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.state.SavedStateException;
import java.io.IOException;

/** Where a machine comes from that goes on from a saved state: a file, or another host. */
@FunctionalInterface
public interface SavedSource {
    /**
     * Fills the guest's memory and tells the rest. Called once, while the machine is being put together, before any device is
     * there; may take as long as it must.
     *
     * @param memory
     *            of zeros
     * @return checked, as {@link io.drover.vmm.state.SavedStates#check} does
     * @throws SavedStateException
     *             when it cannot be gone on from
     * @throws IOException
     *             when this host cannot read it
     */
    SavedMachine restore(GuestMemory memory) throws IOException;

    /**
     * Opens a disk of the machine's, once its state has come. Closed with the machine.
     *
     * @throws IOException
     *             when it cannot be opened on this host
     */
    default Disk open(DiskSettings disk) throws IOException {
        return DiskImage.open(disk.images(), disk.readOnly());
    }
}
