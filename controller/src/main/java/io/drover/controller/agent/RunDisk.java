package io.drover.controller.agent;

import io.drover.controller.record.Disk;
import io.drover.controller.record.Image;
import java.util.Optional;

/**
 * A disk that a host gives a VM.
 *
 * @param image what it begins as; empty: as zeros
 */
public record RunDisk(Disk disk, Optional<Image.Disk> image) {}
