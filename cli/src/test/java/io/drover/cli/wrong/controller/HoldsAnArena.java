package io.drover.cli.wrong.controller;

import java.lang.foreign.Arena;

public record HoldsAnArena(Arena arena) {}
