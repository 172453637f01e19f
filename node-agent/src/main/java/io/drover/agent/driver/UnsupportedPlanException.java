package io.drover.agent.driver;

import java.io.Serial;

/** The driver has not all that the plan asks for: another driver may. */
public final class UnsupportedPlanException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * Names what is missing.
     *
     * @param driver its name
     * @param lacks such as "rate limits of nics"
     */
    public UnsupportedPlanException(String driver, String lacks) {
        super("the driver " + driver + " has no " + lacks);
    }
}
