{#- total / count, rounded once, half away from zero, to six digits; exact: the remainder decides, never a quotient.
    Null without a row; loud (ANSI overflow) beyond 32 digits of an unscaled total. -#}
{% macro exact_average(total, count) -%}
  case when {{ count }} > 0 then
    cast(sign({{ total }}) as decimal(1, 0)) * cast(
      cast(
        (abs({{ total }}) * 1000000 - (abs({{ total }}) * 1000000) % cast({{ count }} as decimal(20, 0)))
        / cast({{ count }} as decimal(20, 0)) as decimal(31, 0)
      ) + case
        when ((abs({{ total }}) * 1000000) % cast({{ count }} as decimal(20, 0))) * 2 >= {{ count }} then 1 else 0
      end as decimal(31, 0)
    ) * 0.000001
  end
{%- endmacro %}

{#- Always the estimate after a union: a sketch filled in one go has another estimator (differs by under 1 %). -#}
{% macro distinct_estimate(sketch) -%}
  coalesce(hll_sketch_estimate(hll_union({{ sketch }}, {{ sketch }})), 0L)
{%- endmacro %}

{#- part / whole of two integers, rounded half up to six digits; null without a whole. -#}
{% macro exact_share(part, whole) -%}
  {{ exact_average('cast(' ~ part ~ ' as decimal(38, 0))', whole) }}
{%- endmacro %}
