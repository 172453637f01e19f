package io.drover.cli.wrong.controller;

import java.util.logging.Logger;

public record LogsByTheJdk(Logger log) {}
