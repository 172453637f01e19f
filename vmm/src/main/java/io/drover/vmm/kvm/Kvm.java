package io.drover.vmm.kvm;

import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** {@code /dev/kvm} itself: the system ioctls. Safe for use by several threads. */
public final class Kvm implements AutoCloseable {
    /** Where every kernel has it. */
    public static final Path DEVICE = Path.of("/dev/kvm");
    /** The only version there has ever been. */
    public static final int API_VERSION = 12;

    /** More than any CPU has, and what the kernel itself allows (KVM_MAX_CPUID_ENTRIES). */
    private static final int MAX_CPUID_ENTRIES = 256;

    private final FileHandle device;

    private Kvm(FileHandle device) {
        this.device = device;
    }

    /**
     * Opens the device.
     *
     * @throws SystemCallException
     *             ENOENT: no KVM in this kernel; EACCES: not this user's; others when it is something else
     */
    public static Kvm open(Path device) throws SystemCallException {
        return new Kvm(FileHandle.open(device));
    }

    /** KVM_GET_API_VERSION; anything but {@link #API_VERSION} is not KVM as we know it. */
    public int apiVersion() throws SystemCallException {
        return (int) device.ioctl("KVM_GET_API_VERSION", "", Request.GET_API_VERSION, 0);
    }

    /**
     * KVM_CHECK_EXTENSION.
     *
     * @return 0 when it is not there, else 1 or a number that the capability defines
     */
    public int check(Capability capability) throws SystemCallException {
        return (int) device.ioctl("KVM_CHECK_EXTENSION", capability.kernelName(), Request.CHECK_EXTENSION,
                capability.number());
    }

    /** KVM_GET_SUPPORTED_CPUID: what this host's CPU and kernel can show to a guest. */
    public List<CpuidEntry> supportedCpuid() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment entries = KvmCpuid.allocate(arena, MAX_CPUID_ENTRIES);
            device.ioctl("KVM_GET_SUPPORTED_CPUID", "nent=" + MAX_CPUID_ENTRIES, Request.GET_SUPPORTED_CPUID, entries);
            return KvmCpuid.read(entries);
        }
    }

    /** KVM_GET_MSR_INDEX_LIST: MSRs that make up a vCPU's state, some of which this host's CPU may lack. */
    public int[] msrIndices() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment none = KvmMsrList.allocate(arena, 0);
            // Fails with E2BIG and tells how many there are.
            device.ioctl(Request.GET_MSR_INDEX_LIST, none.address());
            MemorySegment list = KvmMsrList.allocate(arena, KvmMsrList.count(none));
            device.ioctl("KVM_GET_MSR_INDEX_LIST", "nmsrs=" + KvmMsrList.count(none), Request.GET_MSR_INDEX_LIST,
                    list);
            return KvmMsrList.read(list);
        }
    }

    /** KVM_CREATE_VM, of the default type. */
    public KvmVm createVm() throws SystemCallException {
        long runBytes = device.ioctl("KVM_GET_VCPU_MMAP_SIZE", "", Request.GET_VCPU_MMAP_SIZE, 0);
        long created;
        do {
            // A signal for the JVM may well come while the kernel sets up a VM; it then has to be asked again.
            created = device.ioctl(Request.CREATE_VM, 0);
        } while (created == -Errno.EINTR);
        if (created < 0) {
            throw new SystemCallException("KVM_CREATE_VM", "type=0", (int) -created);
        }
        return new KvmVm(FileHandle.adopt("kvm-vm", created), runBytes);
    }

    @Override
    public void close() {
        device.close();
    }
}
