package io.drover.agent.driver;

/** Whether a driver can be used on this host, with what was found or what is missing, for people. */
public sealed interface DriverStatus {
    String message();

    record Usable(String message) implements DriverStatus {}

    record Unusable(String message) implements DriverStatus {}
}
