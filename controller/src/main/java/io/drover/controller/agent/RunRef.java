package io.drover.controller.agent;

import io.drover.controller.record.VmId;

/**
 * Names one run of a VM to its host.
 *
 * @param operation for its log
 */
public record RunRef(VmId vm, String uid, long epoch, String operation) {}
