package io.drover.lab.tests;

import io.drover.debian.DemoImage;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmRefusedException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Changes the devices of a guest that a shell runs in, by the VMM's own socket, and looks at them from inside. Runs in the
 * emulated host; its argument is the socket.
 */
public final class HotPlugDriver {
    private static final Duration LIMIT = Duration.ofSeconds(100);

    private final VmmClient client;
    private final StringBuilder text = new StringBuilder();
    private int taken;

    private HotPlugDriver(VmmClient client) {
        this.client = client;
    }

    public static void main(String[] arguments) throws Exception {
        Path socket = Path.of(arguments[0]);
        try (VmmClient client = connect(socket)) {
            HotPlugDriver driver = new HotPlugDriver(client);
            client.attachConsole(false, (data, lost) -> driver.append(new String(data, StandardCharsets.ISO_8859_1)));
            try {
                driver.readTo(DemoImage.PROMPT);
                driver.changeDisks(socket);
                driver.shell("dmesg -r | grep -E '^<[0-4]>'");
                driver.pauseAndGoOn();
                client.consoleInput("poweroff\n".getBytes(StandardCharsets.US_ASCII));
            } catch (IllegalStateException e) {
                System.out.println("the console says:\n" + driver.text);
                throw e;
            }
        }
        System.out.println("hot-plug done");
    }

    private static VmmClient connect(Path socket) throws IOException {
        long until = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            try {
                return VmmClient.connect(socket, LIMIT);
            } catch (IOException notYet) {
                if (System.nanoTime() > until) {
                    throw notYet;
                }
                Thread.onSpinWait();
            }
        }
    }

    private void append(String more) {
        synchronized (text) {
            text.append(more);
            text.notifyAll();
        }
    }

    private String readTo(String wanted) throws InterruptedException {
        long until = System.nanoTime() + LIMIT.toNanos();
        synchronized (text) {
            while (true) {
                int found = text.indexOf(wanted, taken);
                if (found >= 0) {
                    String read = text.substring(taken, found);
                    taken = found + wanted.length();
                    return read;
                }
                long millis = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                if (millis <= 0) {
                    throw new IllegalStateException("'" + wanted + "' did not come");
                }
                text.wait(millis);
            }
        }
    }

    /** What a command prints: its echo, which the terminal may have broken into lines, does not have the two words in it. */
    private String shell(String command) throws Exception {
        client.consoleInput(("echo be''gin; " + command + "; echo en''d\n").getBytes(StandardCharsets.US_ASCII));
        readTo("begin\r\n");
        return readTo("end\r\n").strip();
    }

    private static void check(String what, Object found, Object expected) {
        System.out.println("hot-plug: " + what + " " + found);
        if (!found.equals(expected)) {
            throw new IllegalStateException(what + " : " + found + " (expected: " + expected + ")");
        }
    }

    private void changeDisks(Path socket) throws Exception {
        Path file = socket.resolveSibling("second");
        VmmDisk disk = VmmDisk.raw(file, "second").withId("d2");
        shell("while read -r module; do insmod /lib/modules/$module.ko; done < /" + Cloud.DISK_DRIVERS);
        check("disks before", shell("ls /sys/block | grep -c vd"), "0");

        long asked = System.nanoTime();
        client.attachDisk(disk);
        shell("until [ -b /dev/vda ]; do sleep 0.01; done");
        System.out.println("hot-plug: the disk was there after " + (System.nanoTime() - asked) / 1_000_000 + " ms");
        check("disk", shell("cat /sys/block/vda/size /sys/block/vda/serial; echo").replaceAll("\\s+", " ").strip(),
                "131072 second");
        check("same bytes", shell("dd if=/dev/urandom of=/tmp/a bs=1M count=4 2>/dev/null; "
                + "dd if=/tmp/a of=/dev/vda bs=64k conv=fsync 2>/dev/null; echo 3 > /proc/sys/vm/drop_caches; "
                + "head -c 4194304 /dev/vda | cmp - /tmp/a && echo yes"), "yes");

        client.resizeDisk("d2", 96 << 20);
        check("grown", shell("until [ $(cat /sys/block/vda/size) = 196608 ]; do sleep 0.01; done; "
                + "dd if=/tmp/a of=/dev/vda bs=1M seek=80 count=4 conv=fsync 2>/dev/null && echo yes"), "yes");

        // Two of them write as fast as they can while the disk goes.
        shell("for i in 1 2; do while dd if=/dev/zero of=/dev/vda bs=4k count=512 oflag=direct 2>/dev/null; "
                + "do :; done & done; true");
        asked = System.nanoTime();
        client.detach("d2", false);
        awaitNoDisks();
        System.out.println(
                "hot-plug: under load the disk was gone after " + (System.nanoTime() - asked) / 1_000_000 + " ms");
        check("disks after", shell("wait; ls /sys/block | grep -c vd"), "0");
        try (RandomAccessFile again = new RandomAccessFile(file.toFile(), "rw")) {
            check("bytes of the file", again.length(), 96L << 20);
        }

        client.attachDisk(disk);
        check("again", shell("until [ -b /dev/vda ]; do sleep 0.01; done; dd if=/dev/vda bs=1M skip=80 count=4 "
                + "2>/dev/null | cmp - /tmp/a && echo yes"), "yes");
        client.detach("d2", true);
        awaitNoDisks();
        try {
            client.attachDisk(disk.withId("d3"));
        } catch (VmmRefusedException e) {
            throw new IllegalStateException("the lock of a disk that was taken was not given back", e);
        }
        check("in the slot of one that was taken",
                shell("until dd if=/dev/vda bs=1M skip=80 count=4 of=/tmp/b 2>/dev/null; "
                        + "do sleep 0.05; done; cmp /tmp/a /tmp/b && echo yes"),
                "yes");
    }

    private void awaitNoDisks() throws Exception {
        long until = System.nanoTime() + LIMIT.toNanos();
        while (!client.status().disks().isEmpty()) {
            if (System.nanoTime() > until) {
                throw new IllegalStateException("the guest did not let go of " + client.status().disks());
            }
            Thread.onSpinWait();
        }
    }

    private void pauseAndGoOn() throws Exception {
        client.pause();
        client.resume(1);
        check("after a pause", shell("echo $((6 * 7))"), "42");
    }
}
