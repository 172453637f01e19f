package io.drover.vmm.client;

import io.drover.proto.vmm.v1.VmmExit;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * How a VMM process ended.
 *
 * @param message
 *            for the operator; may be empty
 * @param epoch
 *            of the ownership under which it ran
 */
public record VmmEnd(Cause cause, String message, long epoch, Instant at) {
    /** Each has an exit code of the process, for those who see only that. */
    public enum Cause {
        /** ACPI S5. */
        GUEST_POWERED_OFF(0),
        /** The process does not boot again: whoever started it starts another. */
        GUEST_REBOOTED(10),
        /** pvpanic or a triple fault. */
        GUEST_PANICKED(11),
        /** By a StopRequest or SIGTERM. */
        KILLED(12),
        VMM_FAILED(13),
        /** The configuration, the kernel or the initramfs cannot be used, on any host. */
        START_FAILED(14),
        /** This host could not run it: /dev/kvm, its memory, a disk that cannot be opened. Another may. */
        HOST_FAILED(15);

        private final int exitCode;

        Cause(int exitCode) {
            this.exitCode = exitCode;
        }

        /** Of the VMM's process. Others come from the JVM or from a signal. */
        public int exitCode() {
            return exitCode;
        }
    }

    private static final int MAX_BYTES = 64 * 1024;

    public VmmEnd {
        Objects.requireNonNull(cause, "cause");
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(at, "at");
    }

    /**
     * Reads what a VMM process left. It may be anything, if a guest has taken its VMM over: links are not followed, and
     * no more is read than a VMM writes.
     *
     * @return empty when it left nothing: it still runs, or it was killed by a signal
     * @throws IOException
     *             when the file cannot be read or was not written by a VMM
     */
    public static Optional<VmmEnd> read(Path exitFile) throws IOException {
        byte[] bytes;
        try (InputStream file = Files.newInputStream(exitFile, LinkOption.NOFOLLOW_LINKS)) {
            bytes = file.readNBytes(MAX_BYTES);
        } catch (NoSuchFileException expected) {
            return Optional.empty();
        }
        return Optional.of(of(VmmExit.parseFrom(bytes)));
    }

    /**
     * Converts from the protocol.
     *
     * @throws IOException
     *             when the cause is not one that this code knows
     */
    public static VmmEnd of(VmmExit exit) throws IOException {
        Cause cause = switch (exit.getCause()) {
            case GUEST_POWERED_OFF -> Cause.GUEST_POWERED_OFF;
            case GUEST_REBOOTED -> Cause.GUEST_REBOOTED;
            case GUEST_PANICKED -> Cause.GUEST_PANICKED;
            case KILLED -> Cause.KILLED;
            case VMM_FAILED -> Cause.VMM_FAILED;
            case START_FAILED -> Cause.START_FAILED;
            case HOST_FAILED -> Cause.HOST_FAILED;
            case CAUSE_UNSPECIFIED, UNRECOGNIZED ->
                throw new IOException("cause of a VMM's end : " + exit.getCauseValue() + " (expected: 1 to 7)");
        };
        return new VmmEnd(cause, exit.getMessage(), exit.getEpoch(), Instant.ofEpochMilli(exit.getTimeUnixMillis()));
    }

    /** Converts to the protocol. */
    public VmmExit toProto() {
        VmmExit.Cause wire = switch (cause) {
            case GUEST_POWERED_OFF -> VmmExit.Cause.GUEST_POWERED_OFF;
            case GUEST_REBOOTED -> VmmExit.Cause.GUEST_REBOOTED;
            case GUEST_PANICKED -> VmmExit.Cause.GUEST_PANICKED;
            case KILLED -> VmmExit.Cause.KILLED;
            case VMM_FAILED -> VmmExit.Cause.VMM_FAILED;
            case START_FAILED -> VmmExit.Cause.START_FAILED;
            case HOST_FAILED -> VmmExit.Cause.HOST_FAILED;
        };
        return VmmExit.newBuilder()
                .setCause(wire)
                .setMessage(message)
                .setEpoch(epoch)
                .setTimeUnixMillis(at.toEpochMilli())
                .build();
    }
}
