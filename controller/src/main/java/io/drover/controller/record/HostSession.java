package io.drover.controller.record;

import java.time.Instant;

/**
 * An agent that lives: its ephemeral record.
 *
 * @param address host:port of its gRPC server
 * @param incarnation a new one each time the agent starts
 */
public record HostSession(HostId host, String address, String incarnation, Instant started, String version) {}
