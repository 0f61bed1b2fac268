// What every program here needs: the report of a step, comparing, waiting.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;

final class Steps {
  private static final Duration DEADLINE = Duration.ofSeconds(120);

  private Steps() {}

  interface Action {
    /** @returns what is worth telling when it passed */
    String run() throws Exception;
  }

  /** Does one step and prints how it ended, as a line of JSON. */
  static void step(String name, Action action) throws Exception {
    String result = "passed";
    String detail;
    try {
      detail = action.run();
    } catch (ExecutionException error) {
      result = "failed";
      detail = String.valueOf(error.getCause());
    } catch (Exception error) {
      result = "failed";
      detail = String.valueOf(error);
    }
    Map<String, String> told = Map.of("step", name, "result", result, "detail", detail);
    System.out.println(new ObjectMapper().writeValueAsString(told));
  }

  static void same(String what, Object found, Object expected) {
    if (Objects.equals(found, expected)) return;
    throw new IllegalStateException(what + ": found " + found + ", expected " + expected);
  }

  static void until(String what, BooleanSupplier isTrue, Runnable then) {
    long end = System.nanoTime() + DEADLINE.toNanos();
    while (!isTrue.getAsBoolean()) {
      if (System.nanoTime() > end) throw new IllegalStateException("waited too long: " + what);
      then.run();
    }
  }

  interface Call {
    void run() throws Exception;
  }

  /** The name of what a call throws that has to be refused, without the word Exception. */
  static String refusal(Call call) {
    try {
      call.run();
    } catch (ExecutionException error) {
      return nameOf(error.getCause());
    } catch (Exception error) {
      return nameOf(error);
    }
    throw new IllegalStateException("it was not refused");
  }

  private static String nameOf(Throwable error) {
    // The producer wraps what it had told before.
    Throwable told = error.getClass().getSimpleName().equals("KafkaException") ? error.getCause() : error;
    return (told == null ? error : told).getClass().getSimpleName().replace("Exception", "");
  }

  /** Waits a moment between two looks at something. */
  static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }
}
