package io.drover.vmm.cpuid;

import java.util.Objects;

/**
 * What of a guest's CPUID the accelerator's list does not say.
 *
 * @param tscDeadlineTimer
 *            whether the local APIC has that mode; KVM lists it only since Linux 6.15, but has it when KVM_CAP_TSC_DEADLINE_TIMER
 *            says so
 * @param hostModel
 *            the host CPU's model name, which guests show as theirs; KVM does not pass it on
 */
public record CpuidOptions(boolean tscDeadlineTimer, String hostModel) {
    public CpuidOptions {
        Objects.requireNonNull(hostModel, "hostModel");
    }
}
