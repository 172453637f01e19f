package io.drover.agent.driver;

import static org.junit.jupiter.api.Assumptions.abort;

import io.drover.agent.confinement.Confinement;
import io.drover.agent.confinement.ConfinementChoice;
import io.drover.agent.confinement.Confinements;
import java.io.IOException;

/** With VMMs that have the agent's rights. */
final class KvmDriverUnconfinedTest extends KvmDriverTest {
    @Override
    Confinement confinement(Confinements confinements) throws Exception {
        try {
            return confinements.find(ConfinementChoice.NONE);
        } catch (IOException e) {
            return abort(e.getMessage());
        }
    }
}
