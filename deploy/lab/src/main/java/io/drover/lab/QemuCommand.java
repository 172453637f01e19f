package io.drover.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The command line of the QEMU process that is an emulated host.
 *
 * <p>The CPU is emulated in software with SVM, AMD's virtualization, so that the Linux in it has a real /dev/kvm. {@code
 * -cpu max} leaves out XSAVE and what depends on it, as the emulator's own answers about it are inconsistent and the
 * kernel of a nested guest complains about that, and five-level paging, which only makes each emulated page walk longer.
 */
final class QemuCommand {
    static final String PROGRAM = "qemu-system-x86_64";
    /** Of the lab's own command server in each host. */
    static final int COMMAND_PORT = 1;
    /** Of the host's hub in the network of hosts. */
    static final int HUB = 1;

    private static final String CPU = "max,la57=off,xsave=off,avx=off,avx2=off,fma=off,f16c=off";
    private static final String COMMAND_LINE = "console=ttyS0 panic=-1 quiet mitigations=off";

    private final HostSpec spec;
    private final HostFolder folder;
    private final Path kernel;
    private final Optional<Path> wire;

    /**
     * Of one host.
     *
     * @param wire a Unix socket on which another host of the network listens already, so that no other user of the machine can
     *             listen in or take part; empty: it is the network's first
     */
    QemuCommand(HostSpec spec, HostFolder folder, Path kernel, Optional<Path> wire) {
        this.spec = spec;
        this.folder = folder;
        this.kernel = kernel;
        this.wire = wire;
    }

    List<String> words() {
        List<String> words = new ArrayList<>();
        // A session of its own: the terminal's interrupt key and its end are for `drover lab up`, not for the hosts.
        words.addAll(List.of("setsid", PROGRAM, "-name", "drover-lab-" + spec.name(), "-nodefaults", "-no-user-config",
                "-display", "none"));
        switch (spec.clock()) {
            case REAL -> words.addAll(List.of("-accel", "tcg,thread=multi"));
            // 2 ns for each instruction.
            case INSTRUCTIONS -> words.addAll(List.of("-accel", "tcg,thread=single", "-icount", "shift=1,sleep=on"));
        }
        words.addAll(List.of("-cpu", CPU, "-smp", Integer.toString(spec.cpus()), "-m",
                spec.memoryMebibytes() + "M", "-no-reboot"));
        words.addAll(List.of("-kernel", kernel.toString(), "-initrd", folder.initramfs().toString(), "-append",
                COMMAND_LINE + " hostname=" + spec.name() + " lab.number=" + spec.number()));
        words.addAll(List.of("-chardev", "file,id=console,path=" + folder.console(), "-serial", "chardev:console"));
        words.addAll(List.of("-qmp", "unix:" + folder.monitor() + ",server=on,wait=off"));
        // multidevs=remap: without it files of different file systems share inode numbers, and some vanish.
        share(words, "root", Path.of("/"), ",readonly=on");
        for (int i = 0; i < spec.writableFolders().size(); i++) {
            share(words, "share" + i, spec.writableFolders().get(i), "");
        }
        words.addAll(List.of("-netdev", userNetwork(), "-device", nic("outside", "52:54:00:d0:00:%02x")));
        // A hub in each host: others may be joined to it while it runs.
        words.addAll(List.of("-netdev", "hubport,id=hosts,hubid=" + HUB));
        // A port that leads nowhere: a hub without another one makes the nic wait with its first frame, and nothing wakes it when
        // a host joins.
        words.addAll(List.of("-netdev", "hubport,id=nowhere,hubid=" + HUB));
        wire.ifPresent(socket -> words.addAll(List.of("-netdev",
                "stream,id=uplink,server=off,addr.type=unix,addr.path=" + socket, "-netdev",
                "hubport,id=uplink-port,hubid=" + HUB + ",netdev=uplink")));
        words.addAll(List.of("-device", nic("hosts", "52:54:00:d1:00:%02x")));
        return words;
    }

    private static void share(List<String> words, String tag, Path path, String options) {
        words.addAll(List.of("-fsdev",
                "local,id=" + tag + ",path=" + path + ",security_model=none,multidevs=remap" + options,
                "-device", "virtio-9p-pci,fsdev=" + tag + ",mount_tag=" + tag));
    }

    private String userNetwork() {
        StringBuilder network = new StringBuilder("user,id=outside");
        List<Integer> ports = new ArrayList<>(spec.forwardedPorts());
        ports.add(COMMAND_PORT);
        for (int port : ports) {
            // Port 0: the system's choice, asked for over the monitor afterwards.
            network.append(",hostfwd=tcp:127.0.0.1:0-10.0.2.15:").append(port);
        }
        return network.toString();
    }

    private String nic(String network, String mac) {
        return "virtio-net-pci,romfile=,netdev=" + network + ",mac=" + mac.formatted(spec.number());
    }
}
