package io.drover.scheduler.placement;

import io.drover.scheduler.host.Driver;

/**
 * How good a host is for a VM; more is better.
 *
 * @param driver decides alone: the step from one driver to a better one outweighs all else
 * @param image {@link #IMAGE_THERE} when the host holds every file of the VM's image, else 0
 * @param fill 0 to 1. {@link Policy#PACK}: the share of the host in use with the VM on it, the mean of vCPUs and
 *     memory.
 *     {@link Policy#SPREAD}: the share that is then left of the scarcer of the two
 */
public record Score(double driver, double image, double fill) {
    /** Copying an image is worth as much as half a host's difference in filling. */
    static final double IMAGE_THERE = 0.5;

    /** More than the best image and fill together. */
    private static final double DRIVER_STEP = 2;

    static double of(Driver driver) {
        return DRIVER_STEP * (Driver.BY_PREFERENCE.size() - 1 - Driver.BY_PREFERENCE.indexOf(driver));
    }

    public double total() {
        return driver + image + fill;
    }
}
