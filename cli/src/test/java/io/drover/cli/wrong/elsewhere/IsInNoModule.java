package io.drover.cli.wrong.elsewhere;

public record IsInNoModule() {}
