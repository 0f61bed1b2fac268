// The words of a command line: --name value.

import java.util.HashMap;
import java.util.Map;

final class Words {
  private final Map<String, String> values = new HashMap<>();

  Words(String[] args) {
    for (int at = 0; at < args.length; at += 2) values.put(args[at].substring(2), args[at + 1]);
  }

  String text(String name) {
    String value = values.get(name);
    if (value == null) throw new IllegalArgumentException("--" + name + " is missing");
    return value;
  }

  int number(String name) {
    return Integer.parseUnsignedInt(text(name));
  }

  double fraction(String name) {
    return Double.parseDouble(text(name));
  }

  boolean is(String name, String expected) {
    return text(name).equals(expected);
  }
}
