package io.drover.vmm.vcpu;

/** Whether vCPUs may enter the guest, beside what their group is told. Called on their threads, holds nobody up. */
public interface EntryPermit {
    /** They always may. */
    EntryPermit ALWAYS = new EntryPermit() {
        @Override
        public boolean given() {
            return true;
        }

        @Override
        public void interrupted() {
            // Nothing can have changed.
        }
    };

    /** Asked before each entry: costs next to nothing. */
    boolean given();

    /** A vCPU came out by a signal, as it does before its host sleeps: {@link #given} may have to look more closely. */
    void interrupted();
}
