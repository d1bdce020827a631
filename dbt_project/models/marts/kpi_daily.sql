{{ config(materialized='table') }}

with sales as (
    select * from {{ ref('fct_sales') }}
),

totals as (
    select
        day,
        sum(revenue) as revenue,
        count(distinct invoice_no) filter (where not is_cancellation) as orders,
        count(distinct invoice_no) filter (where is_cancellation) as cancellations,
        sum(revenue) filter (where not is_cancellation) as ordered_revenue,
        count(distinct customer_key) as customers
    from sales
    group by day
),

final as (
    select
        day,
        revenue,
        orders,
        cancellations,
        {{ exact_share('cancellations', '(orders + cancellations)') }} as cancellation_share,
        {{ exact_average('ordered_revenue', 'orders') }} as average_order_value,
        customers
    from totals
)

select * from final
