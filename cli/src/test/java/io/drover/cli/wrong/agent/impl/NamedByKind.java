package io.drover.cli.wrong.agent.impl;

public record NamedByKind() {}
