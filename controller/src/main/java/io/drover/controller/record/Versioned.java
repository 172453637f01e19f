package io.drover.controller.record;

/** A record as it was read, with the version that a compare-and-set must name. */
public record Versioned<T>(T value, int version) {}
