package io.drover.vmm.selftest;

import io.drover.vmm.accelerator.KvmAccelerator;
import io.drover.vmm.client.VmmCpuidLeaf;
import io.drover.vmm.cpuid.CpuModel;
import io.drover.vmm.cpuid.CpuidOptions;
import io.drover.vmm.cpuid.HostModel;
import io.drover.vmm.kvm.Capability;
import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.SystemCallException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Whether this host's KVM can be used. A {@code /dev/kvm} that opens says little: some only emulate, hundreds of times slower
 * than the CPU, and some lack what a Linux guest needs. So a small 64-bit guest is run and timed.
 */
public final class SelfTest {
    /**
     * A KVM that emulates every instruction does 1.5 million a second; the slowest that is of use, nested in a CPU that is itself
     * emulated by QEMU, does more than 50 million (both measured, docs/performance.md). This lies between, nearer to the former,
     * since a busy host slows down the latter.
     */
    public static final long MIN_INSTRUCTIONS_PER_SECOND = 8_000_000;

    private SelfTest() {}

    /** Tests the host, in at most a few seconds. Takes a thread and 64 KiB for that time. */
    public static SelfTestResult run() {
        return run(Kvm.DEVICE, MIN_INSTRUCTIONS_PER_SECOND);
    }

    /** As {@link #run()}, and content with any speed. */
    public static SelfTestResult runHoweverSlow() {
        return run(Kvm.DEVICE, 1);
    }

    /**
     * As {@link #run()}, with another device file.
     *
     * @param device
     *            need not exist
     */
    public static SelfTestResult run(Path device) {
        return run(device, MIN_INSTRUCTIONS_PER_SECOND);
    }

    private static SelfTestResult run(Path device, long instructionsPerSecond) {
        List<Check> checks = new ArrayList<>();
        try (Kvm kvm = Kvm.open(device)) {
            checks.add(new Check(device.toString(), true, "opens"));
            int version = kvm.apiVersion();
            checks.add(new Check("KVM API version", version == Kvm.API_VERSION,
                    version == Kvm.API_VERSION ? "12" : version + " (expected: " + Kvm.API_VERSION + ")"));
            for (Capability capability : KvmAccelerator.REQUIRED) {
                boolean there = kvm.check(capability) != 0;
                checks.add(new Check(capability.kernelName(), there,
                        there ? "there" : "missing (expected: a Linux kernel 4.13 or newer with KVM for x86)"));
            }
            if (!allPassed(checks)) {
                return new SelfTestResult.Unusable(checks);
            }
            OptionalLong speed = SpeedGuest.measure(kvm, instructionsPerSecond, checks);
            return allPassed(checks) && speed.isPresent()
                    ? new SelfTestResult.Usable(checks, speed.getAsLong(), cpu(kvm))
                    : new SelfTestResult.Unusable(checks);
        } catch (SystemCallException e) {
            checks.add(new Check(device.toString(), false, e.getMessage() + advice(e.errno())));
            return new SelfTestResult.Unusable(checks);
        }
    }

    private static List<VmmCpuidLeaf> cpu(Kvm kvm) throws SystemCallException {
        CpuidOptions options = new CpuidOptions(kvm.check(Capability.TSC_DEADLINE_TIMER) != 0, HostModel.read());
        return CpuModel.ofHost(kvm.supportedCpuid(), options).stream()
                .map(leaf -> new VmmCpuidLeaf(leaf.function(), leaf.index(), leaf.eax(), leaf.ebx(), leaf.ecx(),
                        leaf.edx()))
                .toList();
    }

    private static boolean allPassed(List<Check> checks) {
        for (Check check : checks) {
            if (!check.passed()) {
                return false;
            }
        }
        return true;
    }

    private static String advice(int errno) {
        return switch (errno) {
            case Errno.ENOENT ->
                " (expected: the module kvm_intel or kvm_amd loaded, and virtualization on in the firmware)";
            case Errno.ENODEV, Errno.ENXIO -> " (expected: a CPU with VT-x or AMD-V that is on in the firmware)";
            case Errno.EACCES, Errno.EPERM -> " (expected: this user in the group kvm)";
            default -> "";
        };
    }
}
