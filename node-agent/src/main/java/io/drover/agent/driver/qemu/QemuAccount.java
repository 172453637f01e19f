package io.drover.agent.driver.qemu;

import io.drover.agent.driver.MachineEnd;
import io.drover.agent.folder.FilePart;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads from QEMU's account of itself how it ended: the lines that its tracing and its reset log write (QEMU's
 * softmmu/trace-events and docs/devel/tracing). Unlike QMP events, it is there for an agent that was away when it
 * happened.
 */
final class QemuAccount {
    /** Enough for the last lines: a reset's dump of one CPU is less than 2 KiB. */
    private static final int TAIL_BYTES = 256 * 1024;
    private static final Pattern SHUTDOWN = Pattern.compile("qemu_system_shutdown_request reason=(\\d+)");
    private static final Pattern STOPPED = Pattern.compile("runstate_set .*new_state \\d+ \\(shutdown\\)");
    /** From qapi/run-state.json, ShutdownCause. */
    private static final int HOST_QMP_QUIT = 2;
    private static final int HOST_SIGNAL = 4;
    private static final int GUEST_SHUTDOWN = 6;
    private static final int GUEST_RESET = 7;
    private static final int GUEST_PANIC = 8;

    private QemuAccount() {}

    /** How the process ended; empty when it left no account of an end: it was killed, or crashed. */
    static Optional<MachineEnd> end(Path account) throws IOException {
        if (!Files.exists(account)) {
            return Optional.empty();
        }
        return end(tail(account));
    }

    static Optional<MachineEnd> end(String text) {
        if (text.contains("Triple fault")) {
            return Optional.of(new MachineEnd.Panicked("triple fault"));
        }
        Matcher shutdown = SHUTDOWN.matcher(text);
        if (shutdown.find()) {
            int reason = Integer.parseInt(shutdown.group(1));
            return switch (reason) {
                case GUEST_SHUTDOWN -> Optional.of(new MachineEnd.PoweredOff());
                case GUEST_RESET -> Optional.of(new MachineEnd.Rebooted());
                case GUEST_PANIC -> Optional.of(new MachineEnd.Panicked("the guest reported a panic by pvpanic"));
                case HOST_QMP_QUIT, HOST_SIGNAL ->
                    Optional.of(new MachineEnd.Failed("QEMU was told to quit from outside"));
                default -> Optional.of(new MachineEnd.Failed("QEMU shut down for reason " + reason));
            };
        }
        if (STOPPED.matcher(text).find()) {
            // With -no-reboot a reset ends QEMU in order, without a request to shut down.
            return Optional.of(new MachineEnd.Rebooted());
        }
        return Optional.empty();
    }

    private static String tail(Path account) throws IOException {
        try (FileChannel file = FileChannel.open(account, StandardOpenOption.READ)) {
            return StandardCharsets.ISO_8859_1.decode(FilePart.readEnd(file, TAIL_BYTES)).toString();
        }
    }
}
