package io.drover.controller.agent;

import io.drover.controller.record.Sha256;
import io.drover.controller.record.VmId;
import java.util.Optional;

/**
 * All that a host needs to run a VM.
 *
 * @param operation for its log
 */
public record RunOrder(VmId vm, String uid, long epoch, String operation, String driver, int vcpus, long memoryBytes,
        Sha256 kernel, Optional<Sha256> initramfs, String commandLine) {}
