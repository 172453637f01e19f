package io.drover.vmm.process;

import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.console.ConsoleRing;
import io.drover.vmm.machine.Answer;
import java.util.List;
import java.nio.file.Path;

/** What the control server can do to the VM, on the server's thread. Nothing here waits: answers come from other threads. */
interface VmmControl {
    VmmStatus status();

    void pause(Answer answer);

    /**
     * Lets the guest run, if the epoch is this process's, or may be from now on.
     *
     * @param epoch
     *            that the record gave to this host
     */
    void resume(long epoch, Answer answer);

    /** The guest may run on until that moment of CLOCK_BOOTTIME, if the epoch is this process's. */
    void renewLease(long renewedEpoch, long untilBootNanos, Answer answer);

    /** Answers before the process ends. */
    void stop(Answer answer);

    void pressPowerButton();

    /** Asks the guest to do with so much memory. */
    void setMemoryTarget(long guestBytes, Answer answer);

    /** False when there is no room; nothing has been taken then. */
    boolean type(byte[] input);

    void attachDisk(VmmDisk disk, Answer answer);

    void attachNic(VmmNic nic, Answer answer);

    void detach(String id, boolean force, Answer answer);

    void resizeDisk(String id, long sizeBytes, Answer answer);

    void limitDisk(String id, VmmDisk.Rate rate, Answer answer);

    /** What the guest's vCPU 0 is shown. */
    List<VmmCpuidEntry> cpuid();

    /** Saves the VM into a file. */
    void save(Path file, boolean resume, Answer answer);

    void cancelSave(Answer answer);

    /** Of the VM to another VMM, or from one. */
    MigrationControl migration();

    ConsoleRing console();
}
