package io.drover.agent.driver;

import java.io.IOException;

/**
 * The devices of a machine that runs, to be changed. Each call may be repeated, and does nothing where it is so already. An
 * {@link IOException} is a failure that may pass: ask again.
 */
public interface MachineDevices {
    /** Whether it has a disk of this name, which may be one that is leaving. */
    boolean hasDisk(String name) throws IOException;

    /** Gives the guest a disk, which it can find when this returns. */
    void attachDisk(MachineDisk disk) throws DeviceRefusedException, IOException;

    /**
     * Asks the guest to let go of a disk.
     *
     * @param force it is taken without waiting for the guest
     * @return whether it is gone, and its files closed
     */
    boolean detachDisk(String name, boolean force) throws DeviceRefusedException, IOException;

    /** Makes a disk larger, and tells the guest. */
    void resizeDisk(String name, long sizeBytes) throws DeviceRefusedException, IOException;

    /** Sets how fast a disk may be used. */
    void limitDisk(String name, MachineDisk.Rate rate) throws DeviceRefusedException, IOException;

    /** Whether it has a nic of this name, which may be one that is leaving. */
    boolean hasNic(String name) throws IOException;

    /** As {@link #attachDisk}. */
    void attachNic(MachineNic nic) throws DeviceRefusedException, IOException;

    /** As {@link #detachDisk}. */
    boolean detachNic(String name, boolean force) throws DeviceRefusedException, IOException;

    /**
     * Asks the guest to do with less memory, or lets it have more.
     *
     * @param guestBytes what it is to be left with
     */
    void setMemoryTarget(long guestBytes) throws DeviceRefusedException, IOException;
}
