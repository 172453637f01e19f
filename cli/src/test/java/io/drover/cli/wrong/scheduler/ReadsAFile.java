package io.drover.cli.wrong.scheduler;

import java.nio.file.Path;

public record ReadsAFile(Path path) {}
