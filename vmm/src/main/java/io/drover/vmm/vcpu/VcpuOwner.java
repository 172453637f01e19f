package io.drover.vmm.vcpu;

import io.drover.vmm.power.PowerControl;

/** Who hears what vCPUs meet; called on their threads, returns at once. */
public interface VcpuOwner extends PowerControl {
    /**
     * A vCPU cannot go on, by no fault of the guest's.
     *
     * @param what
     *            with all there is to know
     */
    void failed(String what);
}
