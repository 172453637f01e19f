package io.drover.bench;

import java.util.List;
import java.util.Locale;

/**
 * QEMU on the same KVM, with what our VMM has: a serial port, a clock, ACPI, a disk and a nic on PCI, the disk served by a thread
 * of its own.
 */
record Qemu(Guest guest, Machine machine, boolean vhost) implements Contestant {
    /** Which of QEMU's machines. */
    enum Machine {
        /** Its leanest. Its tables do not say that there is no keyboard controller; Linux would look for one for seconds. */
        MICROVM("microvm,pcie=on,pit=off,pic=off,rtc=on,isa-serial=on,auto-kernel-cmdline=off",
                " initcall_blacklist=i8042_init"),
        /** A PC with firmware. */
        Q35("q35", "");

        private final String options;
        private final String moreCommandLine;

        Machine(String options, String moreCommandLine) {
            this.options = options;
            this.moreCommandLine = moreCommandLine;
        }
    }

    @Override
    public String name() {
        return "QEMU " + machine.name().toLowerCase(Locale.ROOT) + (vhost ? " with vhost" : "");
    }

    @Override
    public List<String> command(String commandLine) {
        return List.of("qemu-system-x86_64", "-accel", "kvm", "-M", machine.options, "-cpu", "host",
                "-m", Integer.toString(Guest.MEMORY_MEBIBYTES), "-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-serial", "file:" + Place.CONSOLE, "-kernel", guest.kernel().toString(), "-initrd",
                guest.initramfs().toString(), "-append", commandLine + machine.moreCommandLine, "-object",
                "iothread,id=disk-thread", "-blockdev", "driver=file,node-name=disk,filename=" + Place.DISK,
                "-device", "virtio-blk-pci,drive=disk,iothread=disk-thread", "-netdev",
                "tap,id=nic,ifname=" + Place.TAP + ",script=no,downscript=no,vhost=" + (vhost ? "on" : "off"),
                "-device", "virtio-net-pci,netdev=nic,mac=" + Place.MAC + ",romfile=");
    }
}
