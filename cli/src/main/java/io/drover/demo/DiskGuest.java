package io.drover.demo;

import io.drover.cli.api.ApiClient;
import io.drover.cli.api.InterruptOnExit;
import io.drover.cli.api.ResourceNames;
import io.drover.debian.DebianPackages;
import io.drover.debian.disk.RootDisk;
import io.drover.debian.disk.RootDiskSpec;
import io.drover.debian.disk.RootDisks;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** A VM with a Debian on its disk and a network: what a user would have. */
final class DiskGuest {
    static final String ID = "debian-1";
    static final String KERNEL_IMAGE = "debian";
    static final String DISK_IMAGE = "debian-disk";

    private static final int VCPUS = 2;
    private static final String PASSWORD = "drover";
    /** How its console is used. */
    static final String LOGIN = "root, password " + PASSWORD;
    /** As `openssl passwd -6` made it of {@link #PASSWORD}. */
    private static final String PASSWORD_HASH = "$6$drover$7490xCmLdpi8TQezPvZY0ycLCZ.HF3j5pJ2P0PTk"
            + "CoRQRNbriVor.f2XE9edYywUZEbE/dVdB5GtsOrO87cOK1";
    private static final String WAIT_FOR_NETWORK = "/lib/systemd/systemd-networkd-wait-online --any --timeout=60";
    private static final String PROMPT = "root@" + ID + ":~# ";
    /** A whole system boots in software on two shared cores in a quarter of this. */
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Duration ANSWER = Duration.ofSeconds(90);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final int SSH_PORT = 22;
    private static final int READ_MILLIS = 20_000;

    private final Narrator narrator;
    private final Commands commands;
    private int sshPort;

    DiskGuest(Narrator narrator, Commands commands) {
        this.narrator = narrator;
        this.commands = commands;
    }

    /** Builds the images, the first time, and adds them. */
    void addImages() throws DemoFailure, IOException, InterruptedException {
        narrator.step("builds a Debian that boots from its disk, of Debian packages ($ drover image build debian)");
        RootDiskSpec spec = new RootDiskSpec("bookworm", 1L << 30, RootDiskSpec.Kernel.CLOUD,
                List.of("pciutils", "wget"), Optional.empty(), RootDiskSpec.Format.QCOW2);
        RootDisk disk;
        try (InterruptOnExit _ = new InterruptOnExit()) {
            disk = new RootDisks(DebianPackages.defaultCache(), narrator::detail).get(spec);
        }
        narrator.detail(Files.readAllLines(disk.packages()).size() + " packages, " + (Files.size(disk.disk()) >> 20)
                + " MiB in " + disk.disk());
        narrator.step("adds its kernel and its disk as images");
        commands.run("image", "add", KERNEL_IMAGE, "--kernel", disk.kernel().toString(), "--initramfs",
                disk.initramfs().toString(), "--command-line", RootDisk.COMMAND_LINE);
        commands.run("image", "add", DISK_IMAGE, "--disk", disk.disk().toString(), "--format", "qcow2");
    }

    void create() throws DemoFailure, IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            sshPort = free.getLocalPort();
        }
        commands.run("vm", "create", ID, "--image", KERNEL_IMAGE, "--vcpus", String.valueOf(VCPUS), "--memory", "512M",
                "--disk", "name=root,image=" + DISK_IMAGE + ",size=2G", "--nic",
                "user,forward=127.0.0.1:" + sshPort + ":" + SSH_PORT, "--password-hash", PASSWORD_HASH);
    }

    /** Looks on while it boots, logs in, has it show its devices, and tries its network both ways. */
    void meet(ApiClient api) throws DemoFailure, IOException, InterruptedException {
        narrator.step("looks at the console of " + ID + " ($ drover vm console " + ID + ")");
        try (GuestConsole console = new GuestConsole(api, ResourceNames.VM.full(ID), line -> narrator.guest(ID, line));
                HostPage page = HostPage.serve(narrator)) {
            console.await(ID + " login: ", BOOT);
            narrator.step("logs in on the console: " + LOGIN);
            console.ask("root", "Password: ", ANSWER);
            console.ask(PASSWORD, PROMPT, ANSWER);

            narrator.step("has " + ID + " show its devices");
            expect(console, "nproc", String.valueOf(VCPUS)::equals);
            expect(console, "lspci", line -> line.contains("Virtio"));
            expect(console, "lsblk", line -> line.startsWith("vda ") && line.contains(" 2G "));
            expect(console, WAIT_FOR_NETWORK + "; ip -brief addr", line -> line.contains(" 10.0.2."));

            narrator.step("fetches a page from a server on the host, over the user network");
            expect(console, "wget -q -O - " + page.url(), page.text()::equals);
            narrator.step("asks the ssh server in " + ID + " who it is, at port " + sshPort + " of the host");
            narrator.detail(sshBanner());
        }
    }

    /** Types a command, of whose answer a line must be as wanted. */
    private static void expect(GuestConsole console, String command, Predicate<String> wanted)
            throws DemoFailure, InterruptedException {
        String printed = console.ask(command, PROMPT, ANSWER);
        check(printed.lines().map(Narrator::withoutControls).anyMatch(wanted),
                ID + " did not answer as expected: " + command);
    }

    /** The guest's ssh server may come after its login. */
    private String sshBanner() throws DemoFailure, InterruptedException {
        long deadline = System.nanoTime() + ANSWER.toNanos();
        while (true) {
            String heard;
            try {
                heard = Optional.ofNullable(firstLineOfSshServer()).orElse("nothing");
            } catch (IOException e) {
                heard = String.valueOf(e.getMessage());
            }
            if (heard.startsWith("SSH-2.0-")) {
                return heard;
            }
            check(System.nanoTime() < deadline,
                    "port " + sshPort + " of the host does not lead to the ssh server of " + ID + " : " + heard);
            Thread.sleep(POLL);
        }
    }

    private String firstLineOfSshServer() throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(READ_MILLIS);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), sshPort), READ_MILLIS);
            // As every client of ssh does, and the passt of Debian 12 wants it: a server that speaks first is not heard.
            socket.getOutputStream().write("SSH-2.0-drover\r\n".getBytes(StandardCharsets.ISO_8859_1));
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))
                    .readLine();
        }
    }

    private static void check(boolean holds, String failure) throws DemoFailure {
        if (!holds) {
            throw new DemoFailure(failure);
        }
    }
}
