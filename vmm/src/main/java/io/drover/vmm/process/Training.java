package io.drover.vmm.process;

import io.drover.vmm.accelerator.Accelerator;
import io.drover.vmm.accelerator.KvmAccelerator;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmListener;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.log.Log;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Goes once through what every VMM process does: settings, a machine that boots, prints and powers off, its control socket with
 * a client, its exit file. The JVM remembers in its AOT cache what that took. Where there is no KVM, a stand-in takes its place
 * and all but KVM is gone through.
 */
final class Training {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final long MEMORY_BYTES = 4 << 20;
    private static final int LOAD_ADDRESS = 1 << 20;
    private static final int CODE_OFFSET = 0x1000;
    private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;

    private final Log log;
    private final CountDownLatch ended = new CountDownLatch(1);

    private final VmmProcess.StopHook hook;

    private Training(Log log, VmmProcess.StopHook hook) {
        this.log = log;
        this.hook = hook;
    }

    /**
     * Trains.
     *
     * @param hook
     *            what a VMM process has for its termination
     */
    static void run(VmmProcess.StopHook hook) throws IOException {
        Log log = new Log(System.err, "training");
        Path folder = Files.createTempDirectory("drover-train");
        try {
            Path kernel = Files.write(folder.resolve("kernel"), kernel());
            Path file = folder.resolve("vmm.pb");
            new VmmSettings("training", "training", 1, 2, MEMORY_BYTES, kernel, Optional.empty(), "console=ttyS0",
                    folder.resolve("control"), folder.resolve("console.log"), 0, folder.resolve("exit.pb"), true)
                    .write(file);
            new Training(log, hook).runOnce(VmmSettings.read(file));
        } finally {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    private void runOnce(VmmSettings settings) throws IOException {
        VmmEnd end = VmmProcess.run(settings, this::open, log, stop -> {
            hook.armed(stop);
            Thread.ofPlatform().name("training-client").start(() -> talk(settings, stop));
        });
        if (end.cause() != VmmEnd.Cause.GUEST_POWERED_OFF) {
            throw new IOException("training ended with " + end.cause() + ": " + end.message());
        }
    }

    private Accelerator open() {
        try {
            return KvmAccelerator.open(Kvm.DEVICE);
        } catch (IOException e) {
            log.warn("trained without KVM: " + e.getMessage());
            return new StandInAccelerator();
        }
    }

    private void talk(VmmSettings settings, Runnable stop) {
        try (VmmClient client = VmmClient.connect(settings.controlSocket(), DEADLINE)) {
            client.attachConsole(false, (data, lost) -> log.info("console: " + data.length + " bytes"));
            client.watch(new Listener());
            client.consoleInput("x".getBytes(StandardCharsets.US_ASCII));
            client.pause();
            client.powerButton();
            client.resume(settings.epoch());
            if (!ended.await(DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException("the guest did not power off within " + DEADLINE);
            }
        } catch (IOException | VmmRefusedException e) {
            log.warn("training: " + e);
            stop.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stop.run();
        }
    }

    private final class Listener implements VmmListener {
        @Override
        public void changed(VmmStatus status) {
            log.info("status " + status.state());
        }

        @Override
        public void ended(VmmEnd end) {
            ended.countDown();
        }

        @Override
        public void disconnected(IOException cause) {
            ended.countDown();
        }
    }

    /** An ELF kernel with a PVH entry: prints a letter on COM1 and powers off. */
    private static byte[] kernel() {
        byte[] code = {
                // mov dx, 0x3F8; mov al, 'k'; out dx, al
                0x66, (byte) 0xBA, (byte) 0xF8, 0x03, (byte) 0xB0, 'k', (byte) 0xEE,
                // mov dx, 0x604; mov ax, 0x2000; out dx, ax
                0x66, (byte) 0xBA, 0x04, 0x06, 0x66, (byte) 0xB8, 0x00, 0x20, 0x66, (byte) 0xEF,
                // halt: hlt; jmp halt
                (byte) 0xF4, (byte) 0xEB, (byte) 0xFD};
        ByteBuffer file = ByteBuffer.allocate(CODE_OFFSET + code.length).order(ByteOrder.LITTLE_ENDIAN);
        int headersEnd = 64 + 2 * 56;
        file.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort((short) 2).putShort((short) 62).putInt(1).putLong(LOAD_ADDRESS).putLong(64).putLong(0).putInt(0);
        file.putShort((short) 64).putShort((short) 56).putShort((short) 2).position(64);
        programHeader(file, 1, CODE_OFFSET, LOAD_ADDRESS, code.length);
        programHeader(file, 4, headersEnd, 0, 24);
        file.putInt(4).putInt(8).putInt(XEN_ELFNOTE_PHYS32_ENTRY).put(new byte[] {'X', 'e', 'n', 0})
                .putLong(LOAD_ADDRESS);
        return file.put(CODE_OFFSET, code).array();
    }

    private static void programHeader(ByteBuffer file, int type, int offset, int address, int bytes) {
        file.putInt(type).putInt(7).putLong(offset).putLong(address).putLong(address).putLong(bytes).putLong(bytes)
                .putLong(4);
    }
}
