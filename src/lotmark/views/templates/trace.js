(function () {
  "use strict";
  var form = document.getElementById("filter"), told = document.getElementById("told");
  var rows = Array.prototype.slice.call(document.querySelectorAll("#matrix tbody tr"));
  var fields = ["q", "kind", "state"];
  function read() {
    var asked = new URLSearchParams(location.hash.slice(1));
    fields.forEach(function (name) { form.elements[name].value = asked.get(name) || ""; });
  }
  function write() {
    var asked = new URLSearchParams();
    fields.forEach(function (name) { if (form.elements[name].value) { asked.set(name, form.elements[name].value); } });
    history.replaceState(null, "", asked.toString() ? "#" + asked : location.pathname + location.search);
  }
  function apply() {
    var q = form.elements.q.value.toLowerCase(), kind = form.elements.kind.value, state = form.elements.state.value, shown = 0;
    rows.forEach(function (row) {
      var fits = (!kind || row.dataset.kind === kind) && (!state || row.dataset.state === state) && (!q || row.textContent.toLowerCase().indexOf(q) >= 0);
      row.hidden = !fits;
      if (fits) { shown += 1; }
    });
    told.textContent = shown + " of " + rows.length + " items are shown";
  }
  function isFilter() { return location.hash.indexOf("=") > 0; }
  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("input", function () { write(); apply(); });
  window.addEventListener("hashchange", function () { if (isFilter() || !location.hash) { read(); apply(); } });
  if (isFilter()) { read(); }
  apply();
}());
